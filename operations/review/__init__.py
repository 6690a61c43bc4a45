"""What GitLab is told of previews: a note in the merge request, deployments, the address of the environment."""
