"""What in a job's arguments stands for a secret, and what only looks like it."""

import pytest

from zester_proto.secrets.references import UnknownSecret, filled, names_in


def test_whole_arguments_name_secrets_wherever_they_stand():
    args = ["secret:a", "plain", ["secret:db/pass.word-1", {"x": "secret:a"}]]
    assert names_in(args, {"password": "secret:c"}) == ("a", "c", "db/pass.word-1")


@pytest.mark.parametrize(
    "text",
    ["secret:", "secret: a", "a secret:b", "secret:a b", "secret:a\n", "Secret:a", "secret:ä"],
)
def test_texts_that_only_look_like_references_are_themselves(text: str):
    assert names_in([text]) == ()
    assert filled([text], {}) == [text]


def test_keys_are_never_references():
    assert names_in({"secret:a": 1}) == ()


def test_values_come_into_the_places_of_names_and_are_not_read_again():
    given = {"a": "secret:b", "list": [1, "secret:a", None]}
    assert filled(given, {"a": "secret:b", "b": "v"}) == {"a": "v", "list": [1, "secret:b", None]}


def test_a_reference_without_a_value_is_refused():
    with pytest.raises(UnknownSecret, match="'other'"):
        filled(["secret:other"], {"a": "v"})
