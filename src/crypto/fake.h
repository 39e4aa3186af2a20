/* SPDX-License-Identifier: ISC */
/* Control of the deterministic crypto library. */
#ifndef CRYPTO_FAKE_H
#define CRYPTO_FAKE_H

/* Keys, ciphertexts and system_random() start again as in a fresh process. */
void crypto_fake_reset(void);

#endif
