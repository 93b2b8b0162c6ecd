"""What a word was probably meant as. Verbs that wake people are never guessed from afar."""

import difflib
from collections.abc import Mapping

from bot.domain.incident import Status
from bot.slack.verbs import VERBS, Verb

#: Verbs that page somebody at once, or may.
_WAKING = frozenset({Verb.DECLARE, Verb.ESCALATE, Verb.PAGE, Verb.REOPEN})
#: How like one another two words must be, as difflib counts: `decalre` and `declare` are 0.86.
_LIKE, _LIKE_AND_WAKING = 0.72, 0.8
_SHORTEST_BEGINNING = 3
#: What other tools call it.
_CALLED: Mapping[str, Verb] = {
    "cancel": Verb.CLOSE,
    "delete": Verb.CLOSE,
    "dismiss": Verb.CLOSE,
    "remove": Verb.CLOSE,
    "done": Verb.RESOLVE,
    "solved": Verb.RESOLVE,
    "claim": Verb.ACKNOWLEDGE,
    "take": Verb.ACKNOWLEDGE,
    "priority": Verb.SEVERITY,
}
#: What people call a status.
STATUS_WORDS: Mapping[str, Status] = {
    **{status.value: status for status in Status},
    "done": Status.RESOLVED,
    "fixed": Status.RESOLVED,
    "solved": Status.RESOLVED,
    "in progress": Status.FIXING,
    "in-progress": Status.FIXING,
}


def verb(word: str) -> Verb | None:
    """The verb that the word begins, or is nearly; None for the opposite of one: `unack`."""
    word = word.casefold()
    if word.startswith("un"):
        return None
    if word in _CALLED:
        return _CALLED[word]
    if len(word) >= _SHORTEST_BEGINNING:
        begun = {verb for known, verb in VERBS.items() if known.startswith(word)}
        if len(begun) == 1:
            return begun.pop()
    near = difflib.get_close_matches(word, VERBS, n=1, cutoff=_LIKE)
    found = VERBS[near[0]] if near else None
    is_far = found in _WAKING and not difflib.get_close_matches(word, near, cutoff=_LIKE_AND_WAKING)
    return None if is_far else found


def status(word: str) -> Status | None:
    """The status that the word begins, or is nearly."""
    word = word.casefold()
    begun = [one for one in Status if len(word) >= _SHORTEST_BEGINNING and one.startswith(word)]
    near = difflib.get_close_matches(word, list(Status), n=1, cutoff=_LIKE)
    return next((Status(one) for one in (*begun, *near)), None)
