"""What a stream plays next. Pure."""

from collections.abc import Sequence

from media.sounds import Sound

__all__ = ["Playlist"]


class Playlist:
    """Sounds in order, played ``plays`` times (None: for ever); from the second time on from ``loop_from``.

    ``ident`` is the name under which its end is reported; it means nothing here.
    """

    __slots__ = ("_left", "_next", "_sounds", "ident", "loop_from")

    def __init__(
        self, sounds: Sequence[Sound], plays: int | None = 1, *, loop_from: int = 0, ident: str | None = None
    ) -> None:
        if not sounds or not 0 <= loop_from < len(sounds) or (plays is not None and plays < 1):
            raise ValueError("a playlist needs a sound, a turn, and a place inside it to loop from")
        self._sounds = tuple(sounds)
        self._left = plays
        self._next = 0
        self.loop_from = loop_from
        self.ident = ident

    def next(self) -> Sound | None:
        """The sound to play now, or None at the end."""
        if self._next == len(self._sounds):
            if self._left is not None:
                self._left -= 1
                if self._left < 1:
                    return None
            self._next = self.loop_from
        sound = self._sounds[self._next]
        self._next += 1
        return sound
