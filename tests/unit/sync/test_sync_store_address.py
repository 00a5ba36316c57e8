"""REDIS_URL in its three forms, and what is said of a wrong one."""

from __future__ import annotations

import pytest

from sync_service.redis_client.address import StoreAddress, read_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("redis://127.0.0.1", StoreAddress("standalone", (("127.0.0.1", 6379),))),
        ("redis://127.0.0.1:7000/3", StoreAddress("standalone", (("127.0.0.1", 7000),), database=3)),
        (
            "rediss://u%3Aser:p%40ss@redis.example.com/",
            StoreAddress("standalone", (("redis.example.com", 6379),), True, "u:ser", "p@ss"),
        ),
        (
            "redis+sentinel://:secret@h1:1,h2,[::1]:3/my%2Fmaster/2",
            StoreAddress(
                "sentinel",
                (("h1", 1), ("h2", 26379), ("::1", 3)),
                password="secret",
                master="my/master",
                database=2,
            ),
        ),
        ("rediss+sentinel://h1/main", StoreAddress("sentinel", (("h1", 26379),), True, master="main")),
        ("redis+cluster://h1:1,h2/", StoreAddress("cluster", (("h1", 1), ("h2", 6379)))),
        ("rediss+cluster://a:b@h1/0", StoreAddress("cluster", (("h1", 6379),), True, "a", "b")),
    ],
)
def test_each_form_is_read(text: str, address: StoreAddress) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "one of these forms"),
        ("http://secret", "one of these forms"),
        ("redis:///0", "name a host"),
        ("redis+other://secret", "one of these forms"),
        ("redis://", "one of these forms"),
        ("redis://secret:0", "a port from 1"),
        ("redis://secret:70000", "a port from 1"),
        ("redis://secret/x", "number of a database"),
        ("redis://secret/1/2", "number of a database"),
        ("redis://h1,secret", "one host"),
        ("redis+sentinel://secret", "name the master"),
        ("redis+cluster://secret/1", "only 0"),
        ("redis+cluster://h1,,secret", "name a host"),
    ],
)
def test_a_wrong_one_is_told_with_an_example_and_never_repeated(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as refusal:
        read_address(text)
    assert "e.g. redis" in str(refusal.value)
    assert "secret" not in str(refusal.value)
