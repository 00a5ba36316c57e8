"""What travels over the socket: messages and their fields, checked on the way in and encoded on the way out.

No I/O here, and nothing of live rooms but the values of ``room``.
"""
