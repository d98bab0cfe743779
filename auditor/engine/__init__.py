"""Rules over facts: verdicts and findings."""
