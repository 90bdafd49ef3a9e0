//! Whatever names, descriptions, communities and the config hold: a mail keeps its parts, its headers
//! and its words. A MIME parser that is not ours reads each mail back.

use std::sync::LazyLock;

use alerter::AnnotatedNotice;
use alerter::Content;
use alerter::DeliveryNote;
use alerter::content::mail::{Mail, MailComposer};
use incidents::Country;
use jiff::tz::TimeZone;
use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, MessageParser, MimeHeaders};
use proptest::prelude::*;

use crate::annotated::annotated;
use crate::lab::{FIRST, Lab};

/// What has broken mails, pages and terminals before, and anything else.
fn hostile() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "\r\nBcc: evil@example.org\r\n\r\nboo",
        "\n\n--=_whole.OW-20140402-AS4761-3587.0--\n",
        "--=_choice.OW-20140402-AS4761-3587.0",
        "<script>alert(1)</script>",
        "</td></tr></table><img src=http://example.org/x>",
        "\" onmouseover=\"alert(1)",
        "=?utf-8?B?QmNjOiBldmlsQGV4YW1wbGUub3Jn?=",
        "=?utf-8?Q?=0D=0ABcc:_evil@example.org?=",
        "\u{202e}txt.exe\u{202c}\u{2066}\u{2069}",
        "\u{1b}[2J\u{7}\u{0}\u{85}\u{2028}\u{2029}\u{feff}",
        "a,b;c<d@example.org>",
        "\u{1f980}\u{e9}\u{4e2d}\u{6587}",
        ".",
        "From someone",
    ]);
    prop_oneof![known.prop_map(str::to_owned), ".{0,60}", "\\PC{0,300}", "[ -~\\r\\n\\t]{0,80}"]
}

fn sample() -> AnnotatedNotice {
    static SAMPLE: LazyLock<AnnotatedNotice> = LazyLock::new(|| {
        let mut lab = Lab::with_baseline();
        lab.hijack(0, 10, FIRST);
        lab.hijack(0, 11, FIRST);
        annotated(lab.last())
    });
    SAMPLE.clone()
}

fn with(texts: &[String]) -> AnnotatedNotice {
    let mut notice = sample();
    let text = |place: usize| texts[place].clone();
    notice.site = text(0);
    notice.operator = text(1);
    notice.title = format!("{} - {}", text(0), text(2));
    notice.offenders[0].name = Some(text(3));
    notice.accepted_by[0].party.name = Some(text(4));
    notice.prefixes[0].description = text(5);
    notice.subject = text(6);
    notice.details = vec![text(7)];
    notice.feeds[0].name = text(8);
    notice.feeds[0].up = false;
    notice.evidence[0].collector = text(9);
    notice.evidence[0].as_path = text(10);
    notice
}

fn mail(notice: &AnnotatedNotice, why: &str) -> Mail {
    let composer = MailComposer::new("originwatch@example.net".parse().unwrap(), TimeZone::UTC);
    let late = DeliveryNote::Late { by: std::time::Duration::from_secs(600), why: why.to_owned() };
    let content = Content::Notice(Box::new(notice.clone()));
    let to = "NOC <noc@example.net>".parse().unwrap();
    Mail::compose(&content, &composer, &to, Some(&late)).unwrap()
}

/// The names of the headers, and the types and texts of the parts.
fn anatomy(message: &Message<'_>) -> (Vec<String>, Vec<String>) {
    let headers = message.headers().iter().map(|header| header.name().to_owned()).collect();
    let kind = |part: &mail_parser::MessagePart<'_>| {
        let kind = part.content_type().unwrap();
        format!("{}/{}", kind.ctype(), kind.subtype().unwrap())
    };
    (headers, message.parts.iter().map(kind).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_mail_keeps_its_shape(texts in prop::collection::vec(hostile(), 12)) {
        let notice = with(&texts);
        let mail = mail(&notice, &texts[11]);
        let bytes = mail.formatted();
        let message = MessageParser::default().parse(&bytes).unwrap();
        let plain = self::mail(&sample(), "x").formatted();
        let plain = MessageParser::default().parse(&plain).unwrap();
        prop_assert_eq!(anatomy(&message), anatomy(&plain));

        prop_assert_eq!(message.subject().map(words), Some(words(mail.subject())));
        let text = message.text_part(0).unwrap().text_contents().unwrap();
        let html = message.html_part(0).unwrap().text_contents().unwrap();
        for shown in [mail.subject(), text, html] {
            let bad = shown.chars().find(|c| is_hidden(*c) && !"\r\n".contains(*c));
            prop_assert_eq!(bad, None, "{:?}", shown);
        }
        prop_assert!(!text.contains("\n\n\n"), "{}", text);
        let json = message.attachment(0).unwrap().contents();
        let back: AnnotatedNotice = serde_json::from_slice(json).unwrap();
        prop_assert_eq!(back, notice);
        let lines = String::from_utf8(bytes).unwrap();
        prop_assert!(lines.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
    }

    #[test]
    fn html_has_the_tags_that_we_wrote(texts in prop::collection::vec(hostile(), 12)) {
        let harmless: Vec<String> = texts.iter().map(|text| harmless(text)).collect();
        prop_assert_eq!(tags(&with(&texts), &texts[11]), tags(&with(&harmless), &harmless[11]));
    }

    #[test]
    fn html_says_what_the_text_says_in_the_same_order(
        texts in prop::collection::vec("[a-z]{1,8}( [a-z<>&\"']{1,8}){0,20}", 12),
    ) {
        let mail = mail(&with(&texts), &texts[11]);
        let bytes = mail.formatted();
        let message = MessageParser::default().parse(&bytes).unwrap();
        let text = message.text_part(0).unwrap().text_contents().unwrap();
        let html = message.html_part(0).unwrap().text_contents().unwrap();
        // Cells, headings and items of a list end a word; this converter does not know.
        let html = html.replace("</td>", "<br></td>").replace("</li>", "<br></li>");
        let html = html.replace("</h2>", "<br></h2>");
        let html = html_to_text(&html);
        let html = words(&html);
        let mut rest = html.iter();
        for word in words(text) {
            prop_assert!(rest.any(|other| *other == word), "'{}' of\n{}\nnot in\n{}", word, text, html.join(" "));
        }
    }
}

/// The words, without what only leads the eye in a text.
fn words(text: &str) -> Vec<String> {
    let bare = text.replace(['|', '*', ':', '-'], " ");
    bare.split_whitespace().map(str::to_owned).collect()
}

fn is_hidden(c: char) -> bool {
    let direction = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || direction
}

/// A text that is there where the other one is there, and means nothing.
fn harmless(text: &str) -> String {
    let seen = text.chars().any(|c| !is_hidden(c));
    if seen { "x".to_owned() } else { String::new() }
}

fn tags(notice: &AnnotatedNotice, why: &str) -> Vec<String> {
    let bytes = mail(notice, why).formatted();
    let message = MessageParser::default().parse(&bytes).unwrap();
    let html = message.html_part(0).unwrap().text_contents().unwrap().to_owned();
    let tag = |rest: &str| rest.split('>').next().unwrap().to_owned();
    html.split('<').skip(1).map(tag).collect()
}

#[test]
fn a_name_from_a_registry_is_shown_as_it_is() {
    let mut notice = sample();
    notice.offenders[0].name = Some("R&D <Caf\u{e9}> \"1\"".to_owned());
    notice.offenders[0].country = Some("ID".parse::<Country>().unwrap());
    let mail = mail(&notice, "x");
    assert_eq!(
        mail.subject(),
        "[LON01] CRITICAL origin hijack 198.18.0.0/21 by AS4761 R&D <Caf\u{e9}> \"1\", ID - OPEN"
    );
    let bytes = mail.formatted();
    let message = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(message.subject(), Some(mail.subject()));
    let html = message.html_part(0).unwrap().text_contents().unwrap();
    assert!(
        html.contains("AS4761 R&amp;D &lt;Caf\u{e9}&gt; &quot;1&quot;, ID originates"),
        "{html}"
    );
}
