"""The demo: invented films with media, and viewers, as data for `python -m api_service seed` and the identity provider.

Nothing imports it; what is served comes from `films.json`, `viewers.json` and `media/`.
"""
