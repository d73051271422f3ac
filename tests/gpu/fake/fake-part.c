/* A library that is there, and that is all. */
int dh_fake_part (void);

int
dh_fake_part (void)
{
  return 0;
}
