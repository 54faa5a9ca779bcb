"""Operations: queued, active and ended."""
