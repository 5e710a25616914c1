"""What people ask of the gates on the command line, and how campaigns are judged again."""
