"""The notification service: events of the queue `notifications` become e-mails. Settings stand in `settings.py`.

An event is acknowledged after the SMTP server accepted its mail, and the memory (`memory.py`) keeps what was sent, so
one event makes one mail however often it is delivered. Two windows remain in which only the Message-ID, the same in
both mails, helps the mail system to fold them: a crash of this process, or the connection to the mail server lost,
between the server's acceptance and the memory's write. The loss of the broker is none: a mail in hand goes on to its
end, and its event, when it is delivered again, waits for that.

What cannot be sent now is tried again with a growing delay (queues `notifications.retry.<n>s`) until
NOTIFIER_GIVE_UP_S; what can never be sent goes to `notifications.dead` with the headers `x-reason` (invalid_event,
refused, gave_up, fault) and `x-problem`. To replay a dead letter, publish its body to the queue `notifications` again.
While no mail at all can go out, nothing is consumed.
"""
