"""What a refused person reads."""

import pytest

from bot.domain import errors
from bot.domain.errors import Invalid, Refusal
from bot.domain.incident import checked_text, checked_title
from bot.domain.organization import Person
from bot.domain.overview import Overview, Place
from tests.domain.samples import ADA, BEN, incident


def test_every_refusal_has_a_code() -> None:
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Refusal)]
    assert all(one.code != "REFUSED" for one in kinds if one is not Refusal)


def test_tree_in_the_docstring_names_every_refusal() -> None:
    kinds = [name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, Refusal)]
    assert all(name in (errors.__doc__ or "") for name in kinds)


def test_invalid_says_what_is_wrong_with_each_field() -> None:
    refusal = Invalid(title="is missing", service_ids="are unknown")
    assert refusal.sentence == "Title is missing. Service ids are unknown."
    assert refusal.details == {"title": "is missing", "service_ids": "are unknown"}


def test_people_who_left_are_still_called_something() -> None:
    ada = Person(ADA, "Ada", "ada@example.com")
    overview = Overview(incident(), ada, None, (), Place(), 0, None, None, {ADA: ada})
    assert overview.name_of(ADA) == "Ada"
    assert overview.name_of(BEN) == overview.name_of(None) == "somebody who has left"


@pytest.mark.parametrize("nothing", ["\u200b", "\u2800 \u3164", "\u2060\n\ufeff", "\t"])
def test_text_of_which_nothing_is_seen_is_none(nothing: str) -> None:
    with pytest.raises(Invalid, match="has 0"):
        checked_title(nothing)
    assert checked_text("comment", nothing, 500) is None
    assert checked_title(f"{nothing}down").endswith("down")
