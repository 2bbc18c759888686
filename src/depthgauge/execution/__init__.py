"""From planned cells to records: sweeps, workers, Slurm, their MLflow runs."""
