"""How the demo films are drawn; only `make_media.py` needs it."""
