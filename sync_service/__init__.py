"""Live rooms over WebSocket, kept in Redis. Each folder imports those below it only (`.importlinter`).

One convention for callbacks: what a constructor takes as ``on_…`` has one receiver; an attribute ``on_…`` is a list, to
which any number of receivers are appended, by `app` where they belong to different parts.
"""
