"""Secrets in messages that name what they refuse, in configuration words with a blank, in dialogs and in commands."""

from __future__ import annotations

from authwhy.evidence.redaction.lines import Rule, hide_by
from authwhy.model.secret import Vault

_DOUBLE = r"\"[^\"\n]{1,200}\""
_SINGLE = r"'[^'\n]{1,200}'"
_SQL = r"'(?:[^'\n]|''){0,200}'|\"[^\"\n]{0,200}\""

RULES: tuple[Rule, ...] = (
    Rule(  # what a message says about the secret it names
        ("oken ", "oken [", "ecret ", "assword ", "assphrase ", "ey ", "ode ", "ignature ", "IN ", "oken, ", "ession "),
        r"(?<![\w\-])(?i:(?:access|refresh|bearer|api|id|csrf|session|reset|auth)?[ \-]?token|(?:client[ _])?secret"
        r"|password|passphrase|api[ \-]?key|authorization code|otp code|verification code|PIN|signature|session(?: id)?)"
        r",?[ \t]+[\[(]?(?P<s>\"[^\"\n]{8,200}\"|'[^'\n]{8,200}'|[^\s\"'`,;:\[\]()<>]{6,300}?)[\])]?,?[ \t]+"
        r"(?=(?:is|was|has|isn't|does|did|not|no|expired|revoked|rejected|invalid|wrong|incorrect|mismatch|for|unknown)\b)",
        "token",
        likely=True,
    ),
    Rule(
        (
            "expired: ",
            "invalid: ",
            "exist: ",
            "secret ",
            "password ",
            "uthorization header was used",
            "key '",
            "rror parsing sign",
        ),
        r"(?i)(?:\btoken (?:expired|invalid|revoked)|\bcode does not exist|\bauthorization header was used):?[ \t]+"
        rf"(?P<s>{_DOUBLE}|{_SINGLE}|[^\s\"',;]{{6,600}})"
        rf"|\b(?:wrong|with|using|bad|incorrect)[ \t]+(?:client[ _])?(?:secret|password)[ \t]+(?P<s2>{_DOUBLE}|{_SINGLE}"
        r"|[^\s\"',;)]{6,300})|\berror parsing signature[ \t]+(?P<s3>[^\s\"',;)]{6,300})",
        "token",
        likely=True,
    ),
    Rule(  # the port of a URL that is the rest of a password with / or : in it
        ('for connection option "port"', "invalid port "),
        r"invalid integer value \"(?P<s>[^\"\n]{1,200})\" for connection option \"port\""
        r"|invalid port \"?:(?P<s2>[^\"\n]{1,200}?)\"? after host",
    ),
    Rule(  # PowerShell
        ("SecureString ",),
        rf"SecureString[ \t]+(?:-[A-Za-z]{{1,20}}[ \t]+)?(?P<s>{_DOUBLE}|{_SINGLE}|[^\s\"'$(-]\S*)",
    ),
    Rule(  # SQL that sets a password without IDENTIFIED
        ("SET PASSWORD", "set password", "PASSWORD =", "PASSWORD=", "SECRET '", "password = N'", "PASSWORD=N'"),
        rf"(?i)(?:\bset[ \t]+password[ \t]+(?:for[ \t]+[^\n=]{{1,120}})?=[ \t]*(?:password[ \t]*\([ \t]*)?"
        rf"|\bpassword[ \t]*=[ \t]*N|(?<=[,(])[ \t]*secret[ \t]+)(?P<s>{_SQL})",
    ),
    Rule(  # .pgpass; the table of Postfix
        (":",),
        r"(?m)^(?:\*|localhost|[\w\-]{1,60}(?:\.[\w\-]{1,60}){1,8}|/[\w/.]{1,80}):(?:\d{4,5}|\*):[^\s:]{1,64}:[^\s:]{1,64}:"
        r"(?P<s>[^\s:]{1,200})[ \t\r]*$|^\[[\w.\-]{1,100}\](?::\w{2,12})?[ \t]+[^\s:]{1,100}:(?P<s2>\S{1,200})[ \t\r]*$",
    ),
    Rule(  # data source names of Go and Oracle
        ("@tcp(", "@unix(", "jdbc:oracle:thin:", "sqlplus "),
        r"(?<![\w.\-])[\w.\-]{1,64}:(?P<s>[^\s:@\"'][^\s\"']{0,100}?)@(?:tcp|unix)\("
        r"|(?:\bjdbc:oracle:thin:|\bsqlplus(?:[ \t]+-\w{1,4}){0,4}[ \t]+)[\w.$#]{1,64}/(?P<s2>[^\s@/][^\s@]{0,200})@",
    ),
    Rule(  # something is piped or handed to a program that asks for a password
        ("--password-stdin", "sudo -S", "kinit", "chpasswd", "--stdin", "with-token"),
        rf"\b(?:echo|printf)[ \t]+(?:-[ne]+[ \t]+)?(?P<s>{_DOUBLE}|{_SINGLE}|[^\s|\"']{{1,400}})[ \t]*\|"
        r"(?=[ \t]*(?:sudo[ \t]+)?(?:\w+[ \t][^\n|]{0,200}--(?:password-)?stdin\b|sudo[ \t]+-S|kinit|chpasswd|\w+[^\n|]{0,200}with-token))"
        rf"|\b(?:kinit|with-token)\b[^\n<]{{0,100}}<<<[ \t]*(?P<s2>{_DOUBLE}|{_SINGLE}|\S{{1,400}})",
    ),
    Rule(  # programs that take the password as a word of its own
        (
            "htpasswd",
            "rabbitmqctl",
            "net use",
            "net user",
            "vault login",
            "cargo login",
            "configure set",
            "config",
            "alias set",
        ),
        r"\b(?:htpasswd[ \t]+-\w*n\w*b\w*[ \t]+\S{1,64}|htpasswd[ \t]+-\w*b\w*[ \t]+\S{1,200}[ \t]+\S{1,64}"
        r"|rabbitmqctl[ \t]+(?:add_user|change_password|authenticate_user)[ \t]+\S{1,64}|net[ \t]+use[ \t]+\\\\\S{1,100}"
        r"|net[ \t]+user[ \t]+\S{1,64}|vault[ \t]+login|cargo[ \t]+login|bw[ \t]+unlock"
        r"|(?:poetry|composer|npm)[ \t]+config[ \t]+(?:set[ \t]+)?(?:http-basic\.\S{1,60}[ \t]+\S{1,60}|\S{0,100}(?:_authToken|_password|pypi-token\.\w+))"
        r"|mc[ \t]+alias[ \t]+set[ \t]+\S+[ \t]+\S+[ \t]+\S{1,100}|(?:set|s3)[ \t]+\w{0,40}(?:secret_access_key|session_token))"
        rf"[ \t]+(?![-/])(?P<s>{_DOUBLE}|{_SINGLE}|[^\s\"'$]\S*)",
    ),
    Rule(  # lines of network devices and servers: the name and the secret, nothing else
        ("assword ", "secret ", "key ", "Key ", "TOKEN ", "PASS ", "string "),
        r"(?m)^[ \t]*(?:enable (?:secret|password)|(?:username \S{1,64}(?: privilege \d{1,2})? )(?:secret|password)"
        r"|(?:tacacs|radius)-server (?:host \S{1,60} )?key|crypto isakmp key|pre-shared-key|key-string"
        r"|(?:ip ospf )?authentication-key|neighbor \S{1,60} password|AuthLDAPBindPassword"
        r"|SetEnv \w{0,60}(?:PASS|PASSWORD|SECRET|TOKEN|KEY)|proxy_set_header \S{0,60}(?:-Key|-Token|-Secret))"
        rf"[ \t]+(?:\d[ \t]+)?(?P<s>{_DOUBLE}|{_SINGLE}|[^\s\"'$;]{{1,200}})(?=[ \t]*;?[ \t]*$|[ \t]+address\b)",
    ),
    Rule(  # a comparison or an arrow instead of a separator
        ("==", " - ", "->", "\u2192"),
        r"(?i)\b(?:password|passphrase|secret|token|api[_ -]?key)[ \t]{0,4}(?:[=!]==?|->|\u2192|-)[ \t]{1,4}"
        rf"(?P<s>{_DOUBLE}|{_SINGLE}|[^\s\"'`,;)]{{6,300}})",
        likely=True,
    ),
    Rule(  # a label above its value
        ("assword:", "oken:", "ey:", "ecret:", "assphrase:"),
        r"(?im)^[ \t*#]*(?:[\w ]{0,30}[ _])?(?:password|token|api key|secret|secret key|passphrase):[ \t*]*\r?\n(?:[ \t]*\r?\n)?"
        r"[ \t`]*(?P<s>[^\s`:]{6,600})`?[ \t\r]*$",
        likely=True,
    ),
    Rule(  # SMTP dialogs that libraries log, each line with a prefix of its own (RFC 4954 4)
        ("334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "334"),
        r"(?:334 (?:VXNlcm5hbWU6|UGFzc3dvcmQ6)[^\n]{0,40}|(?m:^)334)\n(?:[^\n]{0,80}(?:[:>]|->)[ \t]+'?)?"
        r"(?P<s>[A-Za-z0-9+/]{4,}={0,2})(?=[ \t]*(?:\\r|'|$|\n))",
    ),
    Rule(  # FTP clients
        ("*cmd* 'PASS", "> user ", "PASS "),
        r"(?:\*cmd\* 'PASS |ftp> user \S{1,64} |\bUSER \S{1,64}(?:\\r\\n|\.\.| )PASS )(?P<s>[^\s'\"\\]{1,200})",
    ),
    Rule(("PASS ",), r"(?:-Q|--quote)[ \t]+['\"]PASS (?P<s>[^'\"\n]{1,200})"),
    Rule(("{PLAIN}", "{CLEARTEXT}", "{CLEAR}"), r"\{(?:PLAIN|CLEARTEXT|CLEAR)\}(?P<s>\S{1,200})"),
    Rule(("account ",), r"\blogin[ \t]+\S{1,100}\s{1,8}account[ \t]+(?P<s2>\S{1,100})\s{1,8}password[ \t]+(?P<s>\S+)"),
)


def hide_phrases(text: str, vault: Vault) -> str:
    """Hide what the rules of this file find."""
    return hide_by(RULES, text, vault)
