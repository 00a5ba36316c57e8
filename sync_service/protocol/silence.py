"""How long silence is borne: every bound between a client's last sign and its member's departure, in seconds.

    last sign --ASK_S--> asked by a ping --CUT_S--> the connection is dropped --GONE_S--> the member leaves

All three count from the last sign, whatever frame it was, so they do not add up: a client that froze leaves within
GONE_S of it. One that froze for FREEZE_S only (a phone in a pocket, the lid of a laptop) never left: its last sign came
at most ASK_S and LOOK_S before the freeze, and what is left of GONE_S then is enough to come back in. A connection that
breaks, which the network tells, has GRACE_S.

A client that was sent nothing for ASK_S is asked too, so that what stands between (nginx: SOCKET_SILENT_S) may take a
longer silence of this node for its end.

Others read these where they use them, so that tests can shorten them.
"""

from __future__ import annotations

ASK_S = 5.0
CUT_S = 12.0
GONE_S = 18.5
GRACE_S = 10.0
LOOK_S = 0.5  # how often connections are looked at
FREEZE_S = 10.0
LEAVES_WITHIN_S = 20.0  # what docs/protocol.md promises
SOCKET_SILENT_S = 8.0  # proxy_read_timeout of sockets in deploy/nginx/nginx.conf
COMES_BACK_S = 3.0  # to notice the dropped connection, open another and say hello
