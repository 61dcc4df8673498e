"""Work killed by ``kill -9`` at random moments, again and again, until it is done; then what is there is looked at."""
