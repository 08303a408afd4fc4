"""What commands do in GitLab for their hosts before, during and after runs. Without a `gitlab` section GitLab is not
asked.
"""
