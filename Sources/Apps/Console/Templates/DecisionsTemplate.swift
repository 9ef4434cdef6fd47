extension Template {
    static let decisionsText = """
        {{<layout}}{{$content}}
        <p class="soft">Which appointment a message means that bore no id which tells: the newest 100.</p>
        {{#empty(rows)}}<p class="lead">Nobody has decided anything yet.</p>{{/empty(rows)}}
        {{^empty(rows)}}
        <table>
        <caption>Taken back, a decision answers nothing more: what rested on it leaves its appointment, the booking apps are
        told how that stands, and the message asks again.</caption>
        <thead><tr><th scope="col">When</th><th scope="col">Who and why</th><th scope="col">Message</th>
        <th scope="col">Meant</th><th scope="col">Practice</th><th scope="col">Taken back</th></tr></thead>
        <tbody>
        {{#rows}}
        <tr><th scope="row"><time datetime="{{at.iso}}">{{at.text}}</time></th>
        <td data-label="Who and why">{{who}}: {{reason}}</td>
        <td data-label="Message"><a href="{{message}}">The message</a></td><td data-label="Meant">{{meant}}</td>
        <td data-label="Practice">{{practice}}</td>
        <td data-label="Taken back">{{#takenBack}}{{takenBack}}{{/takenBack}}{{^takenBack}}
        <form method="post" action="/decisions/{{id}}/take-back">
        <input type="hidden" name="csrf" value="{{frame.csrf}}">
        <p><label>Reason <input name="reason" maxlength="1000" required autocomplete="off"></label>
        <button class="quiet" type="submit">Take it back</button></p>
        </form>{{/takenBack}}</td></tr>
        {{/rows}}
        </tbody>
        </table>
        {{/empty(rows)}}
        {{/content}}{{/layout}}
        """
}
