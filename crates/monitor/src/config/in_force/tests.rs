use super::*;
use crate::config::Config;
use crate::config::asked::Log;

const OPERATOR: &str = "[operator]\nname = \"Example\"\nasns = [64500]\n";

/// A config for each section, and each type of it, with what it must have; further keys follow.
const BASES: [(&str, &str); 23] = [
    ("[operator]", ""),
    ("[[watch]]", "[[watch]]\nprefix = \"198.18.0.0/21\"\n"),
    ("[rpki]", "[rpki]\n"),
    ("[incident]", "[incident]\n"),
    ("[[feed]]", "[[feed]]\ntype = \"ris-live\"\n"),
    ("[[feed]]", "[[feed]]\ntype = \"bmp\"\nlisten = \"127.0.0.1:1\"\nrouters = []\n"),
    ("[[feed]]", "[[feed]]\ntype = \"mrt-dir\"\npath = \"x\"\n"),
    ("[archive]", "[archive]\n"),
    ("[mail]", MAIL),
    (
        "[[channel]]",
        "[[channel]]\nname = \"a\"\ntype = \"webhook\"\nurl = \"https://a.example/secret\"\n",
    ),
    ("[[channel]]", "[[channel]]\nname = \"a\"\ntype = \"syslog\"\nserver = \"udp://192.0.2.1\"\n"),
    (
        "[[channel]]",
        "[[channel]]\nname = \"a\"\ntype = \"exec\"\ncommand = [\"/bin/page\", \"secret\"]\n",
    ),
    (
        "[[route]]",
        "[mail]\nfrom = \"a@example.net\"\nto = [\"b@example.net\"]\n[[route]]\nto = [\"mail\"]\n",
    ),
    ("[storm]", "[storm]\n"),
    (
        "[[escalation]]",
        "[mail]\nfrom = \"a@example.net\"\nto = [\"b@example.net\"]\n[[escalation]]\nafter = \"1h\"\nto = [\"mail\"]\n",
    ),
    (
        "[[maintenance]]",
        "[[maintenance]]\nname = \"m\"\nfrom = \"2026-12-01T22:00\"\nuntil = \"2026-12-02T22:00\"\n",
    ),
    ("[[maintenance]]", "[[maintenance]]\nname = \"m\"\ncalendar = \"https://a.example/secret\"\n"),
    ("[data]", "[data]\n"),
    ("[store]", "[store]\n"),
    ("[network]", "[network]\nproxy = \"http://a.example:3128\"\n"),
    ("[heartbeat]", "[heartbeat]\nurl = \"https://a.example/secret\"\n"),
    ("[web]", "[web]\nlisten = \"127.0.0.1:8080\"\n"),
    (
        "[mail.replies]",
        "[mail]\nfrom = \"a@example.net\"\nto = [\"b@example.net\"]\n[mail.replies]\nreply_to = \"a@example.net\"\n\
      key_file = \"k\"\nimap = \"imaps://a.example\"\nusername = \"u\"\npassword_file = \"p\"\n",
    ),
];

const MAIL: &str = "[mail]\nfrom = \"a@example.net\"\nto = [\"b@example.net\"]\n";

fn config(text: &str) -> Config {
    let config = Config::parse(Path::new("/x/originwatch.toml"), text);
    config.unwrap_or_else(|error| panic!("{}\n{text}", error.report()))
}

fn asked(text: &str) -> Vec<Asked> {
    let log = Log::default();
    let read = Config::parse_asking(Path::new("/x/originwatch.toml"), text, Some(&log));
    read.unwrap_or_else(|error| panic!("{}\n{text}", error.report()));
    log.into_inner()
}

/// What the table of keys says holds is what the readers of the sections take.
#[test]
fn a_default_that_is_written_changes_nothing() {
    let mut tried = 0;
    for (name, base) in BASES {
        let base = format!("{OPERATOR}{base}");
        let plain = format!("{:?}", config(&base));
        let spec = SECTIONS.iter().find(|spec| spec.name == name).unwrap();
        let sections = asked(&base);
        let section = sections.iter().find(|section| section.name == name).unwrap();
        for (key, default) in spec.keys {
            let is_open =
                section.keys.iter().any(|(known, written)| known == key && written.is_none());
            let KeyDefault::Value(value) = default else { continue };
            if is_open {
                let written = format!("{base}{key} = {value}\n");
                assert_eq!(format!("{:?}", config(&written)), plain, "{name} {key} = {value}");
                tried += 1;
            }
        }
    }
    let values = SECTIONS.iter().flat_map(|spec| spec.keys);
    let values = values.filter(|(_, default)| matches!(default, KeyDefault::Value(_))).count();
    assert!(tried >= values, "{tried} of {values} were tried");
}

/// No key is asked for that the table does not have, and none stands in it that nobody asks for.
#[test]
fn the_table_has_the_keys_that_are_asked_for() {
    let more = [
        "[mail]\nfrom = \"a@example.net\"\nto = [\"b@example.net\"]\n[mail.templates]\nfolder = \"f\"\n\
                 [reminder]\nevery = \"1h\"\n[digest]\nat = \"08:00\"\nto = [\"mail\"]\n[endangered]\nto = [\"mail\"]\n",
    ];
    let bases = BASES.iter().map(|(_, base)| *base).chain(more);
    let sections: Vec<_> = bases.flat_map(|base| asked(&format!("{OPERATOR}{base}"))).collect();
    for section in sections.iter().filter(|section| section.name.starts_with('[')) {
        let spec = SECTIONS.iter().find(|spec| spec.name == section.name);
        let spec = spec.unwrap_or_else(|| panic!("{} is not in the table", section.name));
        for (key, _) in &section.keys {
            let below = format!("[{}.{key}]", section.name.trim_matches(['[', ']']));
            let known = spec.keys.iter().any(|(name, _)| name == key)
                || SECTIONS.iter().any(|spec| spec.name == below);
            assert!(known, "{} {key} is not in the table", section.name);
        }
    }
    for spec in SECTIONS {
        let of_it = || sections.iter().filter(|section| section.name == spec.name);
        for (key, _) in spec.keys {
            let is_asked = of_it().any(|one| one.keys.iter().any(|(known, _)| known == key));
            assert!(is_asked, "nobody asks for {key} of {}", spec.name);
        }
    }
}

#[test]
fn each_value_comes_with_its_line_and_no_secret_is_shown() {
    let text = format!(
        "feed = []\n{OPERATOR}site = \"A \\\"B\\\"\"\n[rpki]\nsources = [\n  {{ json = \"https://u:hunter2@a.example/x?hunter2\" }}, # one\n]\n\
         [[channel]]\nname = \"a\"\ntype = \"exec\"\ncommand = [\"/bin/page\", \"hunter2\"]\n\
         [[channel]]\nname = \"b\"\ntype = \"webhook\"\nurl = \"https://a.example/hunter2\"\n[heartbeat]\nurl = \"https://a.example/hunter2\"\n"
    );
    let proxies = ["HTTPS_PROXY=http://a.example".to_owned()];
    let shown = Config::in_force(Path::new("/x/o.toml"), &text, &proxies).unwrap();
    assert!(!shown.contains("hunter2"), "{shown}");
    // Whatever the column of the comments is.
    let words: Vec<_> = shown
        .lines()
        .map(|line| line.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
        .collect();
    let words = words.join("\n") + "\n";
    for line in [
        "name = \"Example\" # o.toml:3\n",
        "site = \"A \\\"B\\\"\" # o.toml:5\n",
        "# country # default: none\n",
        "timezone = \"UTC\" # default\n",
        "sources = [{ json = \"https://a.example/x?..\" }] # o.toml:7\n",
        "feed = [] # o.toml:1\n",
        "\n# [mail] is not written: no mail\n",
        "command = [\"/bin/page\", \"..\"] # o.toml:13\n",
        "# url # not shown, o.toml:17\n",
        "# HTTPS_PROXY=http://a.example # environment\n",
    ] {
        assert!(words.contains(line), "{line}{shown}");
    }
}
