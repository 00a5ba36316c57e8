"""The feed: films, people, friendships and wishes as the cinema's own systems tell of them.

``rows`` reads and applies rows of all four kinds, ``runs`` ends a complete run, ``lists`` replaces one person's list.
What is fed in is not told back to the cinema.
"""
