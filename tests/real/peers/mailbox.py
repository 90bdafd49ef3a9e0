"""Prints the mails of a mailbox as JSON, as an IMAP client and a MIME parser that are not ours read them.

usage: mailbox.py CA-FILE PORT USER PASSWORD
"""

import email
import email.policy
import imaplib
import json
import ssl
import sys

ca_file, port, user, password = sys.argv[1:]
context = ssl.create_default_context(cafile=ca_file)
with imaplib.IMAP4_SSL("localhost", int(port), ssl_context=context) as mailbox:
    mailbox.login(user, password)
    mailbox.select("INBOX", readonly=True)
    _, (numbers,) = mailbox.search(None, "ALL")
    mails = []
    for number in numbers.split():
        _, data = mailbox.fetch(number, "(BODY.PEEK[])")
        mail = email.message_from_bytes(data[0][1], policy=email.policy.default)
        parts = [part for part in mail.walk() if not part.is_multipart()]
        mails.append({
            "headers": [[name, str(value)] for name, value in mail.items()],
            "defects": [str(defect) for part in mail.walk() for defect in part.defects],
            "types": [part.get_content_type() for part in parts],
            "json": [json.loads(part.get_content()) for part in parts
                     if part.get_content_type() == "application/json"],
        })
print(json.dumps(mails))
