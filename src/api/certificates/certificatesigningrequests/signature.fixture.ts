// Certificate requests of OpenSSL, some with a bit or byte changed, and what Go 1.26's ParseCertificateRequest and CheckSignature say
// of them ("" for nothing).
export const requests: readonly (readonly [name: string, problem: string, der: string])[] = [
  [
    "ed",
    "",
    "MIGLMD8CAQAwDDEKMAgGA1UEAwwBYTAqMAUGAytlcAMhAFl3NWV93VrC/bMhWFKDr53hP7Ige4tFFkvgIQdpzt7coAAwBQYDK2VwA0EAgd1o8ZIjYjz2yXRKe8gfQrjVUGkoZ7GvoDAh2gMqSYCU6Ur16s1O/vXVcAo4gS9XiCvGbhKxDOpPKt275n+2Ag==",
  ],
  [
    "ed signature changed",
    "x509: Ed25519 verification failure",
    "MIGLMD8CAQAwDDEKMAgGA1UEAwwBYTAqMAUGAytlcAMhAFl3NWV93VrC/bMhWFKDr53hP7Ige4tFFkvgIQdpzt7coAAwBQYDK2VwA0EAgd1o8ZIjYjz2yXRKe8gfQrjVUGkoZ7GvoDAh2gMqSYCU6Ur16s1O/vXVcAo4gS9XiCvGbhKxDOpPKt275n+2Aw==",
  ],
  [
    "ed trailing",
    "asn1: syntax error: trailing data",
    "MIGLMD8CAQAwDDEKMAgGA1UEAwwBYTAqMAUGAytlcAMhAFl3NWV93VrC/bMhWFKDr53hP7Ige4tFFkvgIQdpzt7coAAwBQYDK2VwA0EAgd1o8ZIjYjz2yXRKe8gfQrjVUGkoZ7GvoDAh2gMqSYCU6Ur16s1O/vXVcAo4gS9XiCvGbhKxDOpPKt275n+2AgA=",
  ],
  [
    "ed cut",
    "asn1: syntax error: data truncated",
    "MIGLMD8CAQAwDDEKMAgGA1UEAwwBYTAqMAUGAytlcAMhAFl3NWV93VrC/bMhWFKDr53hP7Ige4tFFkvgIQdpzt7coAAwBQYDK2VwA0EAgd1o8ZIjYjz2yXRKe8gfQrjVUGkoZ7GvoDAh2gMqSYCU6Ur16s1O/vXVcAo4gS9XiCvGbhKxDOpPKt275g==",
  ],
  [
    "ed flip 16",
    "asn1: structure error: tags don't match (3 vs {class:2 tag:3 length:33 isCompound:false}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} BitString @9",
    "MIGLMD8CAQAwDDEKMAgGA1UEAwwBYTAqMAUGAytlcIMhAFl3NWV93VrC/bMhWFKDr53hP7Ige4tFFkvgIQdpzt7coAAwBQYDK2VwA0EAgd1o8ZIjYjz2yXRKe8gfQrjVUGkoZ7GvoDAh2gMqSYCU6Ur16s1O/vXVcAo4gS9XiCvGbhKxDOpPKt275n+2Ag==",
  ],
  [
    "ed flip 54",
    "asn1: structure error: tags don't match (16 vs {class:0 tag:17 length:42 isCompound:true}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} publicKeyInfo @19",
    "MIGLMD8CAQAwDDEKMAgGA1UEAwwBYTEqMAUGAytlcAMhAFl3NWV93VrC/bMhWFKDr53hP7Ige4tFFkvgIQdpzt7coAAwBQYDK2VwA0EAgd1o8ZIjYjz2yXRKe8gfQrjVUGkoZ7GvoDAh2gMqSYCU6Ur16s1O/vXVcAo4gS9XiCvGbhKxDOpPKt275n+2Ag==",
  ],
  [
    "ed flip 80",
    "asn1: syntax error: invalid padding bits in BIT STRING",
    "MIGLMD8CAQAwDDEKMAgGA1UEAwwBYTAqMAUGAytlcAMhgFl3NWV93VrC/bMhWFKDr53hP7Ige4tFFkvgIQdpzt7coAAwBQYDK2VwA0EAgd1o8ZIjYjz2yXRKe8gfQrjVUGkoZ7GvoDAh2gMqSYCU6Ur16s1O/vXVcAo4gS9XiCvGbhKxDOpPKt275n+2Ag==",
  ],
  [
    "ed flip 82",
    "asn1: structure error: tags don't match (6 vs {class:2 tag:6 length:3 isCompound:false}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} ObjectIdentifier @2",
    "MIGLMD8CAQAwDDEKMAiGA1UEAwwBYTAqMAUGAytlcAMhAFl3NWV93VrC/bMhWFKDr53hP7Ige4tFFkvgIQdpzt7coAAwBQYDK2VwA0EAgd1o8ZIjYjz2yXRKe8gfQrjVUGkoZ7GvoDAh2gMqSYCU6Ur16s1O/vXVcAo4gS9XiCvGbhKxDOpPKt275n+2Ag==",
  ],
  [
    "p256sha512",
    "",
    "MIHFMG4CAQAwDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABChpfvjJ66nd2Nluao8Cz+ihwXiSsybykQNiJ25BFxHGka+vBCf7N+9pLMD2Dcr69LNwy+Qy/NkfBD/NRnLkRNagADAKBggqhkjOPQQDBANHADBEAiBVRSivtoBTi7fINz/Ki0S7e12WBSADWUpaNFUv6kKJdQIgOhk84xj3TsbEYNb9cGSCd43fx/0xWFYqlPspQuUND+0=",
  ],
  [
    "prime256v1",
    "",
    "MIHHMG4CAQAwDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABChpfvjJ66nd2Nluao8Cz+ihwXiSsybykQNiJ25BFxHGka+vBCf7N+9pLMD2Dcr69LNwy+Qy/NkfBD/NRnLkRNagADAKBggqhkjOPQQDAgNJADBGAiEArSn9l2H0mlWf6VshoLWKKeskZ4GxfEk2ZPt+Qg7kifsCIQC9YF+6EYHRv/pqEcqm7vU36RjYkKtwaAdzDN9KHOpzbQ==",
  ],
  [
    "prime256v1 signature changed",
    "x509: ECDSA verification failure",
    "MIHHMG4CAQAwDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABChpfvjJ66nd2Nluao8Cz+ihwXiSsybykQNiJ25BFxHGka+vBCf7N+9pLMD2Dcr69LNwy+Qy/NkfBD/NRnLkRNagADAKBggqhkjOPQQDAgNJADBGAiEArSn9l2H0mlWf6VshoLWKKeskZ4GxfEk2ZPt+Qg7kifsCIQC9YF+6EYHRv/pqEcqm7vU36RjYkKtwaAdzDN9KHOpzbA==",
  ],
  [
    "prime256v1 trailing",
    "asn1: syntax error: trailing data",
    "MIHHMG4CAQAwDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABChpfvjJ66nd2Nluao8Cz+ihwXiSsybykQNiJ25BFxHGka+vBCf7N+9pLMD2Dcr69LNwy+Qy/NkfBD/NRnLkRNagADAKBggqhkjOPQQDAgNJADBGAiEArSn9l2H0mlWf6VshoLWKKeskZ4GxfEk2ZPt+Qg7kifsCIQC9YF+6EYHRv/pqEcqm7vU36RjYkKtwaAdzDN9KHOpzbQA=",
  ],
  [
    "prime256v1 cut",
    "asn1: syntax error: data truncated",
    "MIHHMG4CAQAwDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABChpfvjJ66nd2Nluao8Cz+ihwXiSsybykQNiJ25BFxHGka+vBCf7N+9pLMD2Dcr69LNwy+Qy/NkfBD/NRnLkRNagADAKBggqhkjOPQQDAgNJADBGAiEArSn9l2H0mlWf6VshoLWKKeskZ4GxfEk2ZPt+Qg7kifsCIQC9YF+6EYHRv/pqEcqm7vU36RjYkKtwaAdzDN9KHA==",
  ],
  [
    "prime256v1 flip 2",
    "P256 point not on curve",
    "MIHHMG4CAQAwDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABChpfvjJ66nd2Nluao8Cz+ihwXiSsybykQNiJ25BFxHWka+vBCf7N+9pLMD2Dcr69LNwy+Qy/NkfBD/NRnLkRNagADAKBggqhkjOPQQDAgNJADBGAiEArSn9l2H0mlWf6VshoLWKKeskZ4GxfEk2ZPt+Qg7kifsCIQC9YF+6EYHRv/pqEcqm7vU36RjYkKtwaAdzDN9KHOpzbQ==",
  ],
  [
    "prime256v1 flip 4",
    "asn1: structure error: tags don't match (16 vs {class:0 tag:18 length:199 isCompound:true}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} certificateRequest @3",
    "MoHHMG4CAQAwDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABChpfvjJ66nd2Nluao8Cz+ihwXiSsybykQNiJ25BFxHGka+vBCf7N+9pLMD2Dcr69LNwy+Qy/NkfBD/NRnLkRNagADAKBggqhkjOPQQDAgNJADBGAiEArSn9l2H0mlWf6VshoLWKKeskZ4GxfEk2ZPt+Qg7kifsCIQC9YF+6EYHRv/pqEcqm7vU36RjYkKtwaAdzDN9KHOpzbQ==",
  ],
  [
    "prime256v1 flip 57",
    "asn1: syntax error: invalid padding bits in BIT STRING",
    "MIHHMG4CAQAwDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABChpfvjJ66nd2Nluao8Cz+ihwXiSsybykQNiJ25BFxHGka+vBCf7N+9pLMD2Dcr69LNwy+Qy/NkfBD/NRnLkRNagADAKBggqhkjOPQQDAgNJEDBGAiEArSn9l2H0mlWf6VshoLWKKeskZ4GxfEk2ZPt+Qg7kifsCIQC9YF+6EYHRv/pqEcqm7vU36RjYkKtwaAdzDN9KHOpzbQ==",
  ],
  [
    "prime256v1 flip 136",
    "x509: ECDSA verification failure",
    "MIHHMG4CAQAwDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABChpfvjJ66nd2Nluao8Cz+ihwXiSsybykQNiJ25BFxHGka+vBCf7N+9pLMD2Dcr69LNwy+Qy/NkfBD/NRnLkRNagADAKBggqhkjOPQQDAgNJADBGQiEArSn9l2H0mlWf6VshoLWKKeskZ4GxfEk2ZPt+Qg7kifsCIQC9YF+6EYHRv/pqEcqm7vU36RjYkKtwaAdzDN9KHOpzbQ==",
  ],
  [
    "pss",
    "",
    "MIIChTCCATkCAQAwDDEKMAgGA1UEAwwBYTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKcKDrwRt2puQMHyAf6g8XLrXuUA0Usqp7qLm/v3K+fo7D/Wcue5X9+x9Q3pN8DzovnggTlLIV0jlKhJmCv4CMbNbGn/RYPEg6xTlLtKD7vN9+6cuzkCEhN71OkJPhnHY25Q3cYBuQdpeDFGuoM1sAMpySjbtldvDod9NBjgEkbsNUND+7fLMYy2r+oYUdlV9h+cu+kpRziEto+71E26o+giP6CchUgsUnh3no7LlhEV9aoxgx+OPOrdRK4NZUSM4uIHep2Uia5buZLfW85K7R+UZOfGN7GYsNqV+TtYuowje5dYAyhz0WIfs8KlJXJ7GwfY0ZU0Mh6XzZP2BrqR0wECAwEAAaAAMEEGCSqGSIb3DQEBCjA0oA8wDQYJYIZIAWUDBAICBQChHDAaBgkqhkiG9w0BAQgwDQYJYIZIAWUDBAICBQCiAwIBMAOCAQEAmS/J1Wo3lDCTAdz5edt2uHVyNbZjU5ntQzn3PsLHL0iMbi7kQa20dHuTYVs6i9FugLNwt3oSTslb0Le2LkxF63pTeksZA7i2f7mUpQxDuLBl8Pq4iV1zUG+TaHOH683SY7OBLuRMlS7bWm0QBDlkJfVv3vsOpQGzZ/aiLiq9oFGwaGvIjyuTqmiYRF264crdDtuvvFfwL6ieUrkSQsiqrhsxEDpOt9PgqnZWyggTJoM4KMnMUa109mPOIvERNKyib9Ge4FVuRJLwStBXHxZFLK8CYBi+Sixr1obzjVs/EH+bmd4I8IlTjcawH1eVIaxdrq9bB7Um6dJoWFrXWnCIKA==",
  ],
  [
    "pss signature changed",
    "crypto/rsa: verification error",
    "MIIChTCCATkCAQAwDDEKMAgGA1UEAwwBYTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKcKDrwRt2puQMHyAf6g8XLrXuUA0Usqp7qLm/v3K+fo7D/Wcue5X9+x9Q3pN8DzovnggTlLIV0jlKhJmCv4CMbNbGn/RYPEg6xTlLtKD7vN9+6cuzkCEhN71OkJPhnHY25Q3cYBuQdpeDFGuoM1sAMpySjbtldvDod9NBjgEkbsNUND+7fLMYy2r+oYUdlV9h+cu+kpRziEto+71E26o+giP6CchUgsUnh3no7LlhEV9aoxgx+OPOrdRK4NZUSM4uIHep2Uia5buZLfW85K7R+UZOfGN7GYsNqV+TtYuowje5dYAyhz0WIfs8KlJXJ7GwfY0ZU0Mh6XzZP2BrqR0wECAwEAAaAAMEEGCSqGSIb3DQEBCjA0oA8wDQYJYIZIAWUDBAICBQChHDAaBgkqhkiG9w0BAQgwDQYJYIZIAWUDBAICBQCiAwIBMAOCAQEAmS/J1Wo3lDCTAdz5edt2uHVyNbZjU5ntQzn3PsLHL0iMbi7kQa20dHuTYVs6i9FugLNwt3oSTslb0Le2LkxF63pTeksZA7i2f7mUpQxDuLBl8Pq4iV1zUG+TaHOH683SY7OBLuRMlS7bWm0QBDlkJfVv3vsOpQGzZ/aiLiq9oFGwaGvIjyuTqmiYRF264crdDtuvvFfwL6ieUrkSQsiqrhsxEDpOt9PgqnZWyggTJoM4KMnMUa109mPOIvERNKyib9Ge4FVuRJLwStBXHxZFLK8CYBi+Sixr1obzjVs/EH+bmd4I8IlTjcawH1eVIaxdrq9bB7Um6dJoWFrXWnCIKQ==",
  ],
  [
    "psssalt",
    "x509: cannot verify signature: algorithm unimplemented",
    "MIICgDCCATkCAQAwDDEKMAgGA1UEAwwBYTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKcKDrwRt2puQMHyAf6g8XLrXuUA0Usqp7qLm/v3K+fo7D/Wcue5X9+x9Q3pN8DzovnggTlLIV0jlKhJmCv4CMbNbGn/RYPEg6xTlLtKD7vN9+6cuzkCEhN71OkJPhnHY25Q3cYBuQdpeDFGuoM1sAMpySjbtldvDod9NBjgEkbsNUND+7fLMYy2r+oYUdlV9h+cu+kpRziEto+71E26o+giP6CchUgsUnh3no7LlhEV9aoxgx+OPOrdRK4NZUSM4uIHep2Uia5buZLfW85K7R+UZOfGN7GYsNqV+TtYuowje5dYAyhz0WIfs8KlJXJ7GwfY0ZU0Mh6XzZP2BrqR0wECAwEAAaAAMDwGCSqGSIb3DQEBCjAvoA8wDQYJYIZIAWUDBAIBBQChHDAaBgkqhkiG9w0BAQgwDQYJYIZIAWUDBAIBBQADggEBAEPnodhpAVJMIkdo+Z0CZaMnoJcYF14HLGeeFnTDEIZxkeIbOJ4Sm5IfXcepxoK6+NAD2qX7OI5mbUu6ODBPRUuI5IW5ZMugYtFNoR330ohTzCmnZ8sKTqtfQIud6QtBpnGRf8FsmcpcLdIS34da0cTiU/R79WKhslc7niWRn5AwuAfeX0a2vEyQLnRZEiBLaJ+lkbxFsOi8QwdL8f3jh3ONslxn5AygPtvQuOzaNfZsjEkK4K45UflzTp4NNTVRtLJ4fJXt00jLzPI2hX9KN76nkKIUh8VL8vZYst0IyIcAvIdrMpQsArg0XpYmRkm8LL9WpKpBTUX0Y8YLTuwh6lU=",
  ],
  [
    "rsa",
    "",
    "MIICXTCCAUUCAQAwGDEKMAgGA1UEAwwBYTEKMAgGA1UECgwBYjCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKcKDrwRt2puQMHyAf6g8XLrXuUA0Usqp7qLm/v3K+fo7D/Wcue5X9+x9Q3pN8DzovnggTlLIV0jlKhJmCv4CMbNbGn/RYPEg6xTlLtKD7vN9+6cuzkCEhN71OkJPhnHY25Q3cYBuQdpeDFGuoM1sAMpySjbtldvDod9NBjgEkbsNUND+7fLMYy2r+oYUdlV9h+cu+kpRziEto+71E26o+giP6CchUgsUnh3no7LlhEV9aoxgx+OPOrdRK4NZUSM4uIHep2Uia5buZLfW85K7R+UZOfGN7GYsNqV+TtYuowje5dYAyhz0WIfs8KlJXJ7GwfY0ZU0Mh6XzZP2BrqR0wECAwEAAaAAMA0GCSqGSIb3DQEBCwUAA4IBAQB/TCBTJ2uGPspblsZ2s7IflSSWxGel/rnTJYiLA5FnkYh11ZVFQ8q/2uE8/DziBkS6iZNJFrxDuWS1ybDudC5YHr5LXR5n/19+qMpadipoFLnMeHt1y4PAYt53Kbq83Z2KlB8Dmq5nokWW5GQy7bopH7rY/lOXZ52rgkS3PpnHU6ugUhsGcFhLIEEyUbLhQFnQ9d/h0Sd8NTS7y6d8zjsXUFc6HMz2B+aggcoVTCjwool7bt3+eelzeVyhKlELZ+sJqWJ7LCgMrVN4RaQN5KxUZ4fsS5DiADnSUSwbqKbhGAO3GPPz8YWSD+tGnCMmHdjrqtKD5pknMkF5H2SiWvHz",
  ],
  [
    "rsa signature changed",
    "crypto/rsa: verification error",
    "MIICXTCCAUUCAQAwGDEKMAgGA1UEAwwBYTEKMAgGA1UECgwBYjCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKcKDrwRt2puQMHyAf6g8XLrXuUA0Usqp7qLm/v3K+fo7D/Wcue5X9+x9Q3pN8DzovnggTlLIV0jlKhJmCv4CMbNbGn/RYPEg6xTlLtKD7vN9+6cuzkCEhN71OkJPhnHY25Q3cYBuQdpeDFGuoM1sAMpySjbtldvDod9NBjgEkbsNUND+7fLMYy2r+oYUdlV9h+cu+kpRziEto+71E26o+giP6CchUgsUnh3no7LlhEV9aoxgx+OPOrdRK4NZUSM4uIHep2Uia5buZLfW85K7R+UZOfGN7GYsNqV+TtYuowje5dYAyhz0WIfs8KlJXJ7GwfY0ZU0Mh6XzZP2BrqR0wECAwEAAaAAMA0GCSqGSIb3DQEBCwUAA4IBAQB/TCBTJ2uGPspblsZ2s7IflSSWxGel/rnTJYiLA5FnkYh11ZVFQ8q/2uE8/DziBkS6iZNJFrxDuWS1ybDudC5YHr5LXR5n/19+qMpadipoFLnMeHt1y4PAYt53Kbq83Z2KlB8Dmq5nokWW5GQy7bopH7rY/lOXZ52rgkS3PpnHU6ugUhsGcFhLIEEyUbLhQFnQ9d/h0Sd8NTS7y6d8zjsXUFc6HMz2B+aggcoVTCjwool7bt3+eelzeVyhKlELZ+sJqWJ7LCgMrVN4RaQN5KxUZ4fsS5DiADnSUSwbqKbhGAO3GPPz8YWSD+tGnCMmHdjrqtKD5pknMkF5H2SiWvHy",
  ],
  [
    "rsa trailing",
    "asn1: syntax error: trailing data",
    "MIICXTCCAUUCAQAwGDEKMAgGA1UEAwwBYTEKMAgGA1UECgwBYjCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKcKDrwRt2puQMHyAf6g8XLrXuUA0Usqp7qLm/v3K+fo7D/Wcue5X9+x9Q3pN8DzovnggTlLIV0jlKhJmCv4CMbNbGn/RYPEg6xTlLtKD7vN9+6cuzkCEhN71OkJPhnHY25Q3cYBuQdpeDFGuoM1sAMpySjbtldvDod9NBjgEkbsNUND+7fLMYy2r+oYUdlV9h+cu+kpRziEto+71E26o+giP6CchUgsUnh3no7LlhEV9aoxgx+OPOrdRK4NZUSM4uIHep2Uia5buZLfW85K7R+UZOfGN7GYsNqV+TtYuowje5dYAyhz0WIfs8KlJXJ7GwfY0ZU0Mh6XzZP2BrqR0wECAwEAAaAAMA0GCSqGSIb3DQEBCwUAA4IBAQB/TCBTJ2uGPspblsZ2s7IflSSWxGel/rnTJYiLA5FnkYh11ZVFQ8q/2uE8/DziBkS6iZNJFrxDuWS1ybDudC5YHr5LXR5n/19+qMpadipoFLnMeHt1y4PAYt53Kbq83Z2KlB8Dmq5nokWW5GQy7bopH7rY/lOXZ52rgkS3PpnHU6ugUhsGcFhLIEEyUbLhQFnQ9d/h0Sd8NTS7y6d8zjsXUFc6HMz2B+aggcoVTCjwool7bt3+eelzeVyhKlELZ+sJqWJ7LCgMrVN4RaQN5KxUZ4fsS5DiADnSUSwbqKbhGAO3GPPz8YWSD+tGnCMmHdjrqtKD5pknMkF5H2SiWvHzAA==",
  ],
  [
    "rsa cut",
    "asn1: syntax error: data truncated",
    "MIICXTCCAUUCAQAwGDEKMAgGA1UEAwwBYTEKMAgGA1UECgwBYjCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKcKDrwRt2puQMHyAf6g8XLrXuUA0Usqp7qLm/v3K+fo7D/Wcue5X9+x9Q3pN8DzovnggTlLIV0jlKhJmCv4CMbNbGn/RYPEg6xTlLtKD7vN9+6cuzkCEhN71OkJPhnHY25Q3cYBuQdpeDFGuoM1sAMpySjbtldvDod9NBjgEkbsNUND+7fLMYy2r+oYUdlV9h+cu+kpRziEto+71E26o+giP6CchUgsUnh3no7LlhEV9aoxgx+OPOrdRK4NZUSM4uIHep2Uia5buZLfW85K7R+UZOfGN7GYsNqV+TtYuowje5dYAyhz0WIfs8KlJXJ7GwfY0ZU0Mh6XzZP2BrqR0wECAwEAAaAAMA0GCSqGSIb3DQEBCwUAA4IBAQB/TCBTJ2uGPspblsZ2s7IflSSWxGel/rnTJYiLA5FnkYh11ZVFQ8q/2uE8/DziBkS6iZNJFrxDuWS1ybDudC5YHr5LXR5n/19+qMpadipoFLnMeHt1y4PAYt53Kbq83Z2KlB8Dmq5nokWW5GQy7bopH7rY/lOXZ52rgkS3PpnHU6ugUhsGcFhLIEEyUbLhQFnQ9d/h0Sd8NTS7y6d8zjsXUFc6HMz2B+aggcoVTCjwool7bt3+eelzeVyhKlELZ+sJqWJ7LCgMrVN4RaQN5KxUZ4fsS5DiADnSUSwbqKbhGAO3GPPz8YWSD+tGnCMmHdjrqtKD5pknMkF5H2Si",
  ],
  [
    "rsamd5",
    "x509: cannot verify signature: insecure algorithm MD5-RSA",
    "MIICUTCCATkCAQAwDDEKMAgGA1UEAwwBYTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKcKDrwRt2puQMHyAf6g8XLrXuUA0Usqp7qLm/v3K+fo7D/Wcue5X9+x9Q3pN8DzovnggTlLIV0jlKhJmCv4CMbNbGn/RYPEg6xTlLtKD7vN9+6cuzkCEhN71OkJPhnHY25Q3cYBuQdpeDFGuoM1sAMpySjbtldvDod9NBjgEkbsNUND+7fLMYy2r+oYUdlV9h+cu+kpRziEto+71E26o+giP6CchUgsUnh3no7LlhEV9aoxgx+OPOrdRK4NZUSM4uIHep2Uia5buZLfW85K7R+UZOfGN7GYsNqV+TtYuowje5dYAyhz0WIfs8KlJXJ7GwfY0ZU0Mh6XzZP2BrqR0wECAwEAAaAAMA0GCSqGSIb3DQEBBAUAA4IBAQAwA7Wtk6EqEwHE37mJfJys+0nk4dAA2pLjU0CTuPu+ypMHSvIXcBTjm83ZXYw9ckqxq42XWCXRHIwNmQInMvHsrJaJzo/0+/kdB2IJs+phvc0QvmPde9Gdqm/mLc0Elw3UdXinQBxP/uPjyyWVl5ReI+3SwVdXRpn+XTrjJ5C+vUwMDfRhq7gyk/Cwj4LgI4eQ1JvB77WIikxYmYx0bhX1TWUr8w0lwpaABXOrai3G+P+Wzm6RU3c8fZKDssfG9l7bGL3qpcqPtw53xln2XLshQfnlf3LeseQ5317GIkrnKZ0VucsTjrz/Q7xvlEzK1xPCVXT8Xjm9gG8OuaR6TUwz",
  ],
  [
    "rsasha1",
    "",
    "MIICUTCCATkCAQAwDDEKMAgGA1UEAwwBYTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKcKDrwRt2puQMHyAf6g8XLrXuUA0Usqp7qLm/v3K+fo7D/Wcue5X9+x9Q3pN8DzovnggTlLIV0jlKhJmCv4CMbNbGn/RYPEg6xTlLtKD7vN9+6cuzkCEhN71OkJPhnHY25Q3cYBuQdpeDFGuoM1sAMpySjbtldvDod9NBjgEkbsNUND+7fLMYy2r+oYUdlV9h+cu+kpRziEto+71E26o+giP6CchUgsUnh3no7LlhEV9aoxgx+OPOrdRK4NZUSM4uIHep2Uia5buZLfW85K7R+UZOfGN7GYsNqV+TtYuowje5dYAyhz0WIfs8KlJXJ7GwfY0ZU0Mh6XzZP2BrqR0wECAwEAAaAAMA0GCSqGSIb3DQEBBQUAA4IBAQAYnIygIsdGxxRXx3z36Wc+EYvzbWDAj+0Rs3tQBoqyuKWovEUlXCcCDPHHlB+QCUFQkanr4a1KVpg2BBTi+pLVCZS9bOFp/S1P/EAr8vNH6GCFU+9MD7m/YHoo6Xenp0eWKKx0yhfOuK+Si9hayIvMeI7Zx6vwjzfX/snPp8FehN9/+j6KVdpGdZqoUo+9QrmZoXJvXzr5TqBOGC/Aw+2owpbannIbShYBSdvQhyBVZrtWJ0cnvE0HSlgI3Urv1E2uSTQZ3lMunIMxDuG5TffJrhBB4SaCuIyiacaaXoaAuLfazXUtnaSZ9JxZIPdiQDVDCBoUJ6VYB+MaMzUqv6yc",
  ],
  [
    "secp256k1",
    "x509: unsupported elliptic curve",
    "MIHEMGsCAQAwDDEKMAgGA1UEAwwBYTBWMBAGByqGSM49AgEGBSuBBAAKA0IABJl8V3hqsl1kRDBRp9IgGBKGnM8fgXZf/ld/JwP3P54sxS8Li/gZJMKupQkTMnW9NvRluZ5VN0Qcfzj/bp0EGrKgADAKBggqhkjOPQQDAgNJADBGAiEAiSuUYIaKSPuU0EeybWOjDc3I8KDqTfI+H6hVFFN7FxkCIQD5rqLF+NTs6RE/Uo0+HndsodEzAdjfEg/Y9Kzl583DVA==",
  ],
  [
    "secp384r1",
    "",
    "MIIBBDCBiwIBADAMMQowCAYDVQQDDAFhMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEJHgxlDzXl0vlY4FL6exAGH+37bALRwCkX4QaOsqGICKJKi3hUax3ZBjCyEgTyrOJ/g3f7OX4s509AmH8XGQ+Ryusxhd/FXxu8OjgO2KQqP4Rew28Gzm9CwZoYy9VHgZZoAAwCgYIKoZIzj0EAwIDaAAwZQIwR2DxvoXEiKfTC9AdtVqWUTnymmJ0ho3ZImtLs83Pz6uLlqDx6RLc6IGDkyyBNlkZAjEAwxs8HUoJ2apHhge0lW5AFBEGTyMms6ZoLJOHXngnOe397bVhWozQlMsEd9jN0hSb",
  ],
  [
    "secp521r1",
    "",
    "MIIBTzCBsQIBADAMMQowCAYDVQQDDAFhMIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBJR5d9kVWpNhNbVQSPxTasAi98FGtuUNl0+W/vqcZayRdgZdhE6eUP0uDIjEcA/XuE2vYUlhUfiWt4mYzTR8cVfcBnaFnfVmO4S3JCOySxwUQCV6gnojAG1MkENd8v4Ul5K3rAmIm0AgcGuaCQvBbEhHnmB9KRZiOd4fh+HqhrNt7xk+gADAKBggqhkjOPQQDAgOBjAAwgYgCQgFtlJThlshpDz6h/28zmRGmHFAIuD9/EvsrTambvY1nPqUbANiEs78d7lo5idqmXTmBGchkiPYrmgFkE25WQd5kZwJCAfbPzoQuT1JGO/f9lrkcx6LvPQxRV064zN/jDgJLqMHvaBxWxJ9UZYnOJpfM+2vendrrqL6V2D9eyze0rCtb1VV5",
  ],
  [
    "small",
    "crypto/rsa: 512-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)",
    "MIHFMHECAQAwDDEKMAgGA1UEAwwBYTBcMA0GCSqGSIb3DQEBAQUAA0sAMEgCQQC8vP+JZ1sDJ+SYQ2eZlFhSPcnUdA8eqw6JocMIqGE5gO4VNkmquWbWakO7VzZ+aYfVXGKks2TJJHG8un9HKHJFAgMBAAGgADANBgkqhkiG9w0BAQsFAANBAAWzsh+LrWyH9qlPy5UQgtjwRt5ndeCzIDa1yB61GRC2t2uBFQJos/y3CrsCX7SnUM63eIPD3mgjGcNxdTFywds=",
  ],
  ["empty", "asn1: syntax error: sequence truncated", ""],
  [
    "int",
    "asn1: structure error: tags don't match (16 vs {class:0 tag:2 length:1 isCompound:false}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} certificateRequest @2",
    "AgEA",
  ],
  ["emptyseq", "asn1: syntax error: sequence truncated", "MAA="],
  [
    "hello",
    "asn1: structure error: tags don't match (16 vs {class:1 tag:8 length:101 isCompound:true}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} certificateRequest @2",
    "aGVsbG8=",
  ],
];
