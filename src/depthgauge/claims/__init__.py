"""From records to verdicts: what was published, by which rule it is judged, what came out."""
