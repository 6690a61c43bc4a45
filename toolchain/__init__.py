"""Set-up: finds, downloads or builds what the project runs with: engine, plugins, Docker, images."""
