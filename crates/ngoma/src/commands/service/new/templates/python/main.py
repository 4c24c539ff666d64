"""{{name}}: asks for a name and a town."""

from ngoma import Dialogue, choice, end, text

service = Dialogue(
    name="{{name}}",
    start="name",
    states={
        "name": text("What is your name?", next="town"),
        "town": choice("Hello {name}. Where do you live?", {"p": "Polokwane", "t": "Thohoyandou"}, next="thanks"),
        "thanks": end("Thank you, {name}."),
    },
)
