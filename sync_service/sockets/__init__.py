"""From the upgrade to the close: who may open a socket, the handshake, messages in, and how a socket ends.

Nothing below imports it; it knows live rooms and the protocol, and never Redis itself.
"""
