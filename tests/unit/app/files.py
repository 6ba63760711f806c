"""The configuration file of the documentation, and a database to import it into."""

from typing import Final

__all__ = ["SAMPLE"]

SAMPLE: Final = """\
skills: [billing, french]
queues:
  - {name: support, requirements: [{skill: billing, min_level: 3}], priority: 5, strategy: longest-idle, ring_seconds: 20,
     wrap_up_seconds: 10, max_wait: 600, overflow: {action: hangup}, service_level: {target: 0.8, threshold_seconds: 20}}
agents:
  - {name: ana, address: "sip:ana@callyard", password: s3cret, skills: {billing: 7, french: 4}, queues: [support],
     status: available}
  - {name: bo, address: "sip:bo@192.0.2.9:5062", skills: {billing: 5}, queues: [support], status: available,
     offer: caller}
entry_points:
  - {user: "1000", queue: support, priority: 0}          # sip:1000@<us> enters queue support
media_servers:
  - {name: moh, uri: "sip:moh@192.0.2.7:5060"}
"""
