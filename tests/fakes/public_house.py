"""The public pages as a part of the small house."""

from channels.web.options import PublicOptions
from channels.web.pages import public_part
from hotline.callbacks.links import LinkOptions
from hotline.contacts.contact import Channel
from hotline.intake.form import read_form
from hotline.intake.service import IntakeOptions
from hotline.web.rates import Limit
from hotline.web.routing import WebPart
from tests.fakes.web_house import CODES, PEOPLE, SECRET

LINKS = LinkOptions(SECRET, "https://12345.example.org")
INTAKE = IntakeOptions(readers={Channel.WEB: read_form}, people=PEOPLE)


def public(**limits: Limit) -> WebPart:
    """Fresh public pages: nobody has asked anything yet."""
    return public_part(
        PublicOptions(
            intake=INTAKE, query_codes=CODES, links=LINKS, receipt_secret=SECRET, **limits
        )
    )
