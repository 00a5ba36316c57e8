"""The mail box of a local run: an SMTP server that stores every mail, and a page to read them. Never for real mail.

For tests: `GET /api/messages?to=ADDRESS` → `{"items": [{id, to, from, subject, date, text, html, links, …}]}`, newest
first (`to` and `from` are bare addresses, several joined by ", "); `DELETE /api/messages?to=ADDRESS` → 204. `to` may be
left out. It knows nothing of invitations or rooms: a mail is a mail.
"""
