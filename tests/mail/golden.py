"""The golden letters: what they are made of. `python -m tests.mail.golden` writes them anew."""

from datetime import timedelta
from pathlib import Path

from bot.domain.incident import Status
from bot.domain.overview import PageFacts
from bot.domain.sla import Severity
from bot.domain.timeline import Escalated, Paged, Reason
from bot.mail import letters
from bot.mail.letters import Letter
from tests.domain.samples import BEN, NOW
from tests.views.samples import page_facts

FOLDER = Path(__file__).with_name("letters")
LINK = "https://slack.com/app_redirect?channel=C1"


def facts() -> dict[str, PageFacts]:
    return {
        "on_call": page_facts(
            Escalated(1, (BEN,), Reason.DECLARED, None, 1),
            description="Since the deploy at 11:52.\n\nAll payments fail with <502> & time-outs.",
        ),
        "by_hand": page_facts(
            Paged(BEN, "Can you look at the pool?\nI am stuck."),
            severity=Severity.SEV3,
            acknowledged_at=NOW + timedelta(minutes=1),
            acknowledged_by="Ada",
        ),
        "over": page_facts(
            Escalated(2, (BEN,), Reason.TIMED_OUT, NOW, 1),
            status=Status.RESOLVED,
            resolved_at=NOW,
            resolved_by="Ada",
        ),
    }


def letter(found: PageFacts) -> Letter:
    return letters.page(found, NOW + timedelta(minutes=3), LINK)


def files(name: str, found: PageFacts) -> dict[Path, str]:
    made = letter(found)
    return {
        FOLDER / f"{name}.txt": f"Subject: {made.subject}\n\n{made.text}",
        FOLDER / f"{name}.html": made.html,
    }


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, found in facts().items():
        for path, content in files(name, found).items():
            path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    write()
