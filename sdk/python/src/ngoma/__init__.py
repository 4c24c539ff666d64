"""The library for services in Python: `from ngoma import Service` or `from ngoma import Dialogue, choice, end, text`."""

from ngoma.context import Context
from ngoma.dialogue import Dialogue, Resume
from ngoma.dialogue.checks import Check, Problem, date, format_date, number, phone, problem
from ngoma.dialogue.screen import SMS_SEGMENT, USSD_SCREEN, Limits, measure
from ngoma.dialogue.states import booklet, choice, end, language, menu, paginated_choice, text
from ngoma.dialogue.words import DialogueContext, State
from ngoma.errors import ResourceError, ServiceError
from ngoma.messages import Event, Message
from ngoma.resources.http import Response
from ngoma.service import Service

__all__ = [
    "SMS_SEGMENT",
    "USSD_SCREEN",
    "Check",
    "Context",
    "Dialogue",
    "DialogueContext",
    "Event",
    "Limits",
    "Message",
    "Problem",
    "ResourceError",
    "Response",
    "Resume",
    "Service",
    "ServiceError",
    "State",
    "booklet",
    "choice",
    "date",
    "end",
    "format_date",
    "language",
    "measure",
    "menu",
    "number",
    "paginated_choice",
    "phone",
    "problem",
    "text",
]
