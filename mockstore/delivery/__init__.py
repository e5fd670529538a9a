"""From an event to a recorded attempt: when, how judged, by whom carried out."""
