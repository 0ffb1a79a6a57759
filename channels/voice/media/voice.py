"""One frame of one voice, in whatever form somebody wants to hear it."""

from channels.voice.rtp.codec import Codec
from channels.voice.rtp.rates import Converter


class Voice:
    """The present frame of a stream; converted at most once for each form."""

    def __init__(self) -> None:
        self._form = Codec.PCMA
        self._frame: bytes | None = None
        self._converted: dict[Codec, bytes] = {}
        self._converter = Converter()

    def say(self, form: Codec, frame: bytes | None) -> None:
        """Begin the next 20 ms; None is silence."""
        self._form, self._frame = form, frame
        self._converted.clear()

    def heard_in(self, form: Codec) -> bytes | None:
        """Return the frame in a form; None for silence."""
        if self._frame is None or form is self._form:
            return self._frame
        converted = self._converted.get(form)
        if converted is None:
            converted = self._converter.convert(self._frame, self._form, form)
            self._converted[form] = converted
        return converted
