"""``callyard demo``: a small call centre with real SIP and RTP, played against the real service and judged."""
