"""Records and figures -> MLflow. DVC keeps the records; nothing is read back from here."""
