"""Everything that changes requests: keyword-only, audited, and every move judged by the state machine."""
