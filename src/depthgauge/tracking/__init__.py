"""The diary: records and figures -> MLflow. DVC keeps the record; nothing here is read back."""
