"""What a worker does: take jobs out of the queue, do them as a command would, and put in what the schedules say."""
