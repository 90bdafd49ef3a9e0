use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::MutexGuard;

use fixtures::real::need;
use serde_json::Value;
use tempfile::TempDir;

use super::namespace::Namespace;
use super::process::{Process, output, until};
use super::turn;
use crate::play::root;

/// Who mailboxes belong to; nobody of that number needs to exist.
const OWNER: u32 = 5000;

/// Postfix and Dovecot, which share the mailboxes of `noc.test` and the accounts:
///
/// ```text
///   25   smtp, STARTTLS if one likes, no login     587  STARTTLS and a login
///   465  TLS from the first byte and a login       993  IMAP in TLS
/// ```
pub(super) struct MailServers {
    _dovecot: Option<Process>,
    pub(super) space: Namespace,
    folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

/// A mail as a client reads it.
#[derive(Debug)]
pub(super) struct Received(Value);

impl Received {
    /// The header field of this name: there is one, or none.
    #[track_caller]
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let all = self.headers(name);
        assert!(all.len() < 2, "{name}: {all:?}");
        all.first().copied()
    }

    /// Each header field of this name.
    pub(super) fn headers(&self, name: &str) -> Vec<&str> {
        let fields = self.0["headers"].as_array().unwrap().iter();
        let fields = fields.filter(|field| field[0].as_str().unwrap().eq_ignore_ascii_case(name));
        fields.map(|field| field[1].as_str().unwrap()).collect()
    }

    /// What the client found wrong with it.
    pub(super) fn defects(&self) -> &[Value] {
        self.0["defects"].as_array().unwrap()
    }

    /// The content types of its parts.
    pub(super) fn types(&self) -> Vec<&str> {
        self.0["types"].as_array().unwrap().iter().map(|kind| kind.as_str().unwrap()).collect()
    }

    /// The notice that is attached.
    pub(super) fn notice(&self) -> &Value {
        &self.0["json"][0]
    }
}

impl MailServers {
    pub(super) fn start() -> Self {
        need(&["postfix", "dovecot", "python3"]);
        let turn = turn();
        let (space, folder) = (Namespace::new("mail"), tempfile::tempdir().unwrap());
        let mut servers = MailServers { _dovecot: None, space, folder, _turn: turn };
        let folder = servers.folder.path();
        // Each daemon becomes somebody else, and must still find its way here.
        fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        for name in ["postfix", "queue", "data", "mail", "dovecot", "dovecot/run", "dovecot/state"]
        {
            fs::create_dir(folder.join(name)).unwrap();
        }
        chown(folder.join("mail"), Some(OWNER), Some(OWNER)).unwrap();
        output(servers.space.command("chown").arg("postfix").arg(folder.join("data")));
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(servers.certificate(), made.cert.pem()).unwrap();
        fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let fill = |text: &str| text.replace("FOLDER", folder.to_str().unwrap());
        fs::write(folder.join("postfix/main.cf"), fill(MAIN_CF)).unwrap();
        fs::write(folder.join("postfix/master.cf"), MASTER_CF).unwrap();
        fs::write(folder.join("dovecot/dovecot.conf"), fill(DOVECOT)).unwrap();
        let accounts = ACCOUNTS.map(|user| format!("{user}:{{PLAIN}}secret\n")).concat();
        fs::write(folder.join("dovecot/users"), accounts).unwrap();
        let refusals = REFUSALS.map(|(user, answer)| format!("{user}@noc.test {answer}\n"));
        fs::write(servers.refusals(), refusals.concat()).unwrap();
        let mut dovecot = servers.space.command("dovecot");
        dovecot.arg("-F").arg("-c").arg(folder.join("dovecot/dovecot.conf"));
        servers._dovecot = Some(Process::start(dovecot, &folder.join("dovecot.log")));
        servers.postfix("start");
        until("Dovecot answers", || servers.ask_mailbox("noc").status.success());
        servers
    }

    /// A mailbox takes mails from now on.
    pub(super) fn let_in(&self, user: &str) {
        let text = fs::read_to_string(self.refusals()).unwrap();
        let kept = text.lines().filter(|line| !line.starts_with(user));
        fs::write(self.refusals(), kept.map(|line| format!("{line}\n")).collect::<String>())
            .unwrap();
        self.postfix("reload");
    }

    /// All that lies in a mailbox.
    pub(super) fn mailbox(&self, user: &str) -> Vec<Received> {
        let answer = self.ask_mailbox(user);
        let said = String::from_utf8_lossy(&answer.stderr);
        assert!(answer.status.success(), "{said}");
        let mails: Vec<Value> = serde_json::from_slice(&answer.stdout).unwrap();
        mails.into_iter().map(Received).collect()
    }

    fn ask_mailbox(&self, user: &str) -> Output {
        let mut command = self.space.command("python3");
        command.arg(root().join("tests/real/peers/mailbox.py")).arg(self.certificate());
        command.args(["993", user, "secret"]).output().unwrap()
    }

    /// Hands a mail to the relay, as somebody else's would.
    pub(super) fn send(&self, to: &str, mail: &str) {
        let mut command = self.space.command("python3");
        let script = "import smtplib, sys\n\
                      with smtplib.SMTP('127.0.0.1', 25, 'there.example.net') as relay:\n  \
                      relay.sendmail('noc@noc.test', sys.argv[1], sys.argv[2])";
        output(command.args(["-c", script, to, mail]));
    }

    /// The names of the files of a mailbox that were seen.
    pub(super) fn seen(&self, user: &str) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join("mail").join(user).join("cur"));
        let names = entries.unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(":2,S")).collect()
    }

    /// Waits until so many mails lie there.
    #[track_caller]
    pub(super) fn wait_for(&self, user: &str, mails: usize) -> Vec<Received> {
        until(&format!("{mails} mails for {user}"), || self.mailbox(user).len() >= mails);
        self.mailbox(user)
    }

    pub(super) fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    fn refusals(&self) -> PathBuf {
        self.folder.path().join("postfix/refusals")
    }

    fn postfix(&self, verb: &str) {
        let mut command = self.space.command("postfix");
        command.arg("-c").arg(self.folder.path().join("postfix")).arg(verb);
        // What it starts keeps its output, so a pipe would never end.
        assert!(command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    }
}

impl Drop for MailServers {
    fn drop(&mut self) {
        // The test may have failed before it ran.
        let mut postfix = self.space.command("postfix");
        postfix.arg("-c").arg(self.folder.path().join("postfix")).arg("stop");
        let _ = postfix.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

const ACCOUNTS: [&str; 4] = ["noc", "second", "slow", "full"];

/// What Postfix says to mail for some: over quota and greylisted, which may pass, and for good.
const REFUSALS: [(&str, &str); 5] = [
    ("slow", "450 4.2.0 Greylisted"),
    ("full", "452 4.2.2 Mailbox full"),
    ("gone", "550 5.1.1 No such user here"),
    ("large", "552 5.2.2 Over quota"),
    ("never", "554 5.7.1 Refused by policy"),
];

/// Nothing may leave the machine, so whatever is not for `noc.test` is an error.
const MAIN_CF: &str = "\
compatibility_level = 3.6
queue_directory = FOLDER/queue
data_directory = FOLDER/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = FOLDER/maillog
maillog_file_prefixes = FOLDER
myhostname = mail.noc.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
mydestination =
virtual_mailbox_domains = noc.test
virtual_mailbox_base = FOLDER/mail
virtual_mailbox_maps = inline:{ { noc@noc.test = noc/ }, { second@noc.test = second/ }, { slow@noc.test = slow/ }, { full@noc.test = full/ } }
recipient_delimiter = +
virtual_uid_maps = static:5000
virtual_gid_maps = static:5000
virtual_minimum_uid = 1000
default_transport = error:no outbound mail
relay_transport = error:no outbound mail
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_received_header = yes
smtpd_tls_cert_file = FOLDER/certificate.pem
smtpd_tls_key_file = FOLDER/key.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:12345
smtpd_helo_required = yes
smtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname
smtpd_sender_restrictions = reject_non_fqdn_sender
smtpd_recipient_restrictions = check_recipient_access texthash:FOLDER/postfix/refusals, reject_unauth_destination
";

const MASTER_CF: &str = "\
127.0.0.1:25 inet n - n - - smtpd
127.0.0.1:587 inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
127.0.0.1:465 inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";

const DOVECOT: &str = "\
base_dir = FOLDER/dovecot/run
state_dir = FOLDER/dovecot/state
log_path = FOLDER/dovecot/log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <FOLDER/certificate.pem
ssl_key = <FOLDER/key.pem
mail_location = maildir:FOLDER/mail/%n
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%n FOLDER/dovecot/users
}
userdb {
  driver = static
  args = uid=5000 gid=5000 home=FOLDER/mail/%n
}
service auth {
  inet_listener {
    address = 127.0.0.1
    port = 12345
  }
}
service imap-login {
  inet_listener imap {
    port = 0
  }
}
";
