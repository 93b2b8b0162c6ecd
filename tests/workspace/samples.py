"""A button and a modal, as an app sends them."""

from typing import Any

MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "declare",
    "title": {"type": "plain_text", "text": "Declare"},
    "submit": {"type": "plain_text", "text": "Declare"},
    "blocks": [
        {
            "type": "input",
            "block_id": "title",
            "label": {"type": "plain_text", "text": "What is broken?"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        },
        {
            "type": "input",
            "block_id": "lead",
            "optional": True,
            "label": {"type": "plain_text", "text": "Lead"},
            "element": {"type": "users_select", "action_id": "user", "initial_user": "U0ADA"},
        },
    ],
}
BUTTON = {
    "type": "actions",
    "block_id": "acts",
    "elements": [
        {
            "type": "button",
            "action_id": "ack",
            "value": "7",
            "text": {"type": "plain_text", "text": "Acknowledge"},
        }
    ],
}
