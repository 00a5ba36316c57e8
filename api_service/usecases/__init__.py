"""What the service does for people, as functions of the database and plain values: rooms, films, friends, matches, …

No aiohttp here, no request and no answer: pages, API and broker call these.
"""
