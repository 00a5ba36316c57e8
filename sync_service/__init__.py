"""Live rooms: everyone in a room shares one player and one chat, over WebSocket; the store is Redis.

It owns what is live. It never touches PostgreSQL; `docs/architecture.md` lists its folders, each importing those below.
"""
