"""How the demo films are drawn, one module for each; only `make_media.py` needs it.

No run and no test draws: the media are in the repository.
"""
