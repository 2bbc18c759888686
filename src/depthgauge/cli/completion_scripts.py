"""The parts of the completion scripts that are the same for every version of depthgauge.

The tables (functions of a command or a key that print words) come before them. Pages are looked up
where the shell is, when TAB is pressed: a new study completes at once, and no Python starts.
"""

PAGES = """\
# The pages of conf/$1 of the project that the shell is in.
_depthgauge_pages() {
    local folder="$PWD" page
    while [ -n "$folder" ] && [ ! -f "$folder/dvc.yaml" ]; do folder="${folder%/*}"; done
    [ -d "$folder/conf/$1" ] || return 0
    for page in "$folder/conf/$1"/*.yaml; do page="${page##*/}"; echo "${page%.yaml}"; done
}
"""

BASH = """\
_depthgauge() {
    local line="${COMP_LINE:0:COMP_POINT}" command="${COMP_WORDS[1]}" found before
    local word="${line##*[[:space:]]}"
    if [ "$COMP_CWORD" -eq 1 ]; then
        found="$(_depthgauge_commands)"
    elif [[ "$word" == -* ]]; then
        found="$(_depthgauge_options "$command")"
    elif [[ "${COMP_WORDS[COMP_CWORD - 1]}" == --* ]]; then
        found="$(_depthgauge_values "$command ${COMP_WORDS[COMP_CWORD - 1]}")"
    elif [[ "$word" == *=* ]]; then
        before="${word%"${word##*[=,]}"}"
        found="$(_depthgauge_values "${word%%=*}")"
    else
        found="$(_depthgauge_words "$command")"
        [[ "$found" == *= ]] && type compopt >/dev/null 2>&1 && compopt -o nospace
    fi
    COMPREPLY=($(compgen -P "$before" -W "$found" -- "${word#"$before"}"))
    if [[ "$word" == *=* && "$COMP_WORDBREAKS" == *=* ]]; then  # bash replaces what follows =
        COMPREPLY=("${COMPREPLY[@]#"${word%%=*}="}")
    fi
}
complete -o default -F _depthgauge depthgauge
"""

ZSH = """\
_depthgauge() {
    local word="${words[CURRENT]}" command="${words[2]}" key
    if (( CURRENT == 2 )); then
        compadd -- $(_depthgauge_commands)
    elif [[ "$word" == -* ]]; then
        compadd -- $(_depthgauge_options "$command")
    elif [[ "${words[CURRENT-1]}" == --* ]]; then
        compadd -- $(_depthgauge_values "$command ${words[CURRENT-1]}") || _files
    elif [[ "$word" == *=* ]]; then
        key="${word%%=*}"
        compset -P '*[=,]'
        compadd -- $(_depthgauge_values "$key")
    else
        compadd -S '' -- $(_depthgauge_words "$command")
        _files
    fi
}
if [ "$funcstack[1]" = "_depthgauge" ]; then
    _depthgauge "$@"
else
    compdef _depthgauge depthgauge
fi
"""
