"""Operations that create and delete snapshots."""
