"""The inbox's store and its reading of mails."""

from pathlib import Path

from deploy.neighbours.inbox.mailbox import Mailbox


def test_past_the_bound_the_oldest_mails_go(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path / "box", max_mails=3)
    for number in range(5):
        mailbox.add(f"To: a@example.com\r\nSubject: {number}\r\n\r\nx".encode())
    assert [mail.subject for mail in mailbox.mails()] == ["4", "3", "2"]
    assert len(list((tmp_path / "box" / "new").iterdir())) == 3


def test_a_mail_whose_file_was_taken_away_can_still_be_deleted(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path / "box")
    mailbox.add(b"To: a@example.com\r\n\r\nx")
    for file in (tmp_path / "box" / "new").iterdir():
        file.unlink()
    mailbox.clear()
    assert mailbox.mails() == []


def test_each_change_gives_a_new_version(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path / "box")
    versions = [mailbox.version]
    mailbox.add(b"To: a@example.com\r\n\r\nx")
    versions.append(mailbox.version)
    mailbox.clear()
    versions.append(mailbox.version)
    assert len(set(versions)) == 3


def test_broken_mails_are_shown_as_far_as_they_go(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path / "box")
    for source in (
        b"",
        b"no header at all",
        b"Date: never\r\nSubject: =?utf-8?b?broken\r\n\r\n\xff\xfe",
        b"Content-Type: text/plain; charset=klingon\r\n\r\n\xd0\x9f",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"To: not an address\r\nFrom: \r\n\r\nx",
    ):
        mailbox.add(source)
    for mail in mailbox.mails():
        shown = (mail.subject, mail.to, mail.sender_name, mail.date, mail.text, mail.html, mail.links)
        assert len(shown) == 7
        assert mail.attachments == ()
    assert mailbox.mails()[2].text == "П"
