extension Template {
    static let membersText = """
        {{<layout}}{{$content}}
        <p><a href="{{report}}">To the report</a></p>
        <p class="lead">{{practice}}: {{between}}. {{days}}, compared at <time datetime="{{at.iso}}">{{at.text}}</time>.</p>
        {{> filters}}
        <p role="status">{{tally}}</p>
        {{#empty(rows)}}<p class="lead">{{emptyWords}}</p>{{/empty(rows)}}
        {{^empty(rows)}}
        <table>
        <caption>{{caption}}</caption>
        <thead><tr><th scope="col">Appointment</th><th scope="col">Patient</th><th scope="col">In the PM</th>
        <th scope="col">Here</th><th scope="col">In the app</th><th scope="col">Judged</th></tr></thead>
        <tbody>
        {{#rows}}
        <tr><th scope="row"><span class="w">{{start}}</span><br><span class="soft">{{provider}}<br>{{location}}</span></th>
        <td data-label="Patient"><span class="w">{{patient}}</span></td>
        <td data-label="In the PM">{{pm}}</td><td data-label="Here">{{here}}</td><td data-label="In the app">{{app}}</td>
        <td data-label="Judged"><span class="tag {{tone}}">{{sign}} {{verdict}}</span>
        {{#reasons}}<br>{{.}}{{/reasons}}{{#findings}}<br><a href="{{href}}">{{name}}</a>{{/findings}}</td></tr>
        {{/rows}}
        </tbody>
        </table>
        {{#next}}<p><a class="button quiet" href="{{next}}">Next page</a></p>{{/next}}
        {{/empty(rows)}}
        {{/content}}{{/layout}}
        """
}
