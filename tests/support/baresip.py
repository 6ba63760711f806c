"""baresip 1.0 as a real phone: registers with digest, answers by itself, says a WAV file, writes down what it hears.

It talks and listens for as long as its WAV lasts, then it hangs up: the file made here lasts a minute and a half.
"""

import shutil
import signal
import subprocess
import wave
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from tests.support.ports import free_pair
from tests.support.tone import RATE, tone

__all__ = ["Baresip"]

_HOST: Final = "127.0.0.1"
_MODULES: Final = Path("/usr/lib/baresip/modules")
_SPEECH_SECONDS: Final = 90
_CONFIG: Final = """\
poll_method epoll
sip_listen {host}:{port}
sip_certificate
net_interface {host}
audio_player aufile,/dev/null
audio_source aufile,{speech}
audio_alert aufile,/dev/null
audio_srate 8000-8000
audio_channels 1-1
rtp_timeout 0
snd_path {heard}
module_path {modules}
module g711.so
module aufile.so
module sndfile.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
"""


@dataclass(slots=True)
class Baresip:
    """A running baresip whose account is ``user`` with ``password`` at ``registrar``. Use it as a context manager."""

    folder: Path
    registrar: tuple[str, int]
    user: str
    password: str
    frequency: float = 620.0
    port: int = field(default_factory=free_pair)  # it binds the next one too
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None, repr=False)

    def __enter__(self) -> Self:
        program = shutil.which("baresip")
        assert program is not None, "baresip is not installed: run scripts/system-packages.sh"
        heard = self.folder / "heard"
        heard.mkdir(parents=True)
        speech = self.folder / "speech.wav"
        _write(speech, self.frequency)
        (self.folder / "config").write_text(
            _CONFIG.format(host=_HOST, port=self.port, speech=speech, heard=heard, modules=_MODULES)
        )
        host, port = self.registrar
        account = f"<sip:{self.user}@{host}:{port}>;auth_user={self.user};auth_pass={self.password}"
        account += ";answermode=auto;regint=60;audio_codecs=PCMA/8000/1"
        (self.folder / "accounts").write_text(account + "\n")
        (self.folder / "contacts").write_text("")
        with (self.folder / "baresip.log").open("wb") as log:
            self._process = subprocess.Popen(
                [program, "-f", str(self.folder), "-v", "-s"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
            )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends it as its user would: calls are hung up, the registration is taken back, recordings are closed."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def log(self) -> str:
        return (self.folder / "baresip.log").read_text(errors="replace")

    def heard(self) -> list[int]:
        """What it heard, all calls one after the other; whole once they are over."""
        samples: list[int] = []
        for path in sorted((self.folder / "heard").glob("dump-*-dec.wav")):
            with wave.open(str(path)) as file:
                assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (RATE, 2, 1)
                samples += array("h", file.readframes(file.getnframes()))
        return samples


def _write(path: Path, frequency: float) -> None:
    second = array("h", tone(frequency, RATE)).tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(second * _SPEECH_SECONDS)
