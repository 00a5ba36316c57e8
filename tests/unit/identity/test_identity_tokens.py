"""Which algorithms a token of the provider may be signed with."""

from api_service.identity.tokens import ALGORITHMS


def test_no_algorithm_does_without_a_private_key() -> None:
    assert not [name for name in ALGORITHMS if name == "none" or name.startswith("HS")]
