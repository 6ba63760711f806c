"""A node of a Kamailio DMQ bus, sans-I/O: who is on the bus, and what its channels carry.

- The seam: ``peer`` (a node of the bus), ``channel`` (what a channel gives and what the bus gives it).
- Who is on the bus: ``node_list`` (the body of ``notification_peer``), ``peers`` (membership as a table), ``bus`` (KDMQ in
  and out through the endpoint).
- Registrations: ``usrloc`` (JSON ↔ bindings), ``replica`` (the channel ``usrloc``).

Follows Kamailio 5.6's modules ``dmq`` and ``dmq_usrloc``; there is no RFC. Knows no sockets, clock or randomness.
"""
