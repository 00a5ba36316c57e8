"""The use cases, functions of the database and plain values: rooms, invitations, bans, films, friends, matches, …

They know no aiohttp, no request and no response; pages, API, identity and broker call them.
"""
