"""Operations of audits."""
