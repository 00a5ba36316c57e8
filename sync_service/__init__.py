"""Live rooms: everyone in a room shares one player and one chat, over WebSocket; the store is Redis."""
